"""Conformance checks for plug-ins, shipped so that an author can call them: what a contract promises, tried out.

``operators.check_operator``, ``network_kinds.check_network_kind``, ``diagnostics.check_diagnostic`` and
``problems.check_problem`` raise ``ConformanceError`` at the first broken promise. ``strategies`` draws what to try
them on; it alone needs Hypothesis.
"""
