"""Every plug-in keeps the promises of its contract, and a plug-in that breaks one is caught."""
