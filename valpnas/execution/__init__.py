"""Execution: where jobs are run; executors by name."""

from valpnas.contracts.entry import Entry

EXECUTORS = (
    Entry("serial", "one after the other, in this process", "valpnas.execution.serial:Serial"),
    Entry("processes", "in worker processes of this machine", "valpnas.execution.processes:Processes"),
    Entry("shared", "in every `valpnas work RUN`, without a server", "valpnas.execution.shared:Shared"),
    Entry(
        "ray", "in Ray actors; ray://HOST:PORT in a cluster that there is", "valpnas.execution.ray_cluster:RayCluster"
    ),
)
