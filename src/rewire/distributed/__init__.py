"""Work on a dask.distributed cluster: one made for the run on this machine, or one that is there already.

dask schedules, moves and restarts; what is here says what travels (``errand``), that both ends run the same code
(``kinship``), what happens to work that kills its workers (``quarantine``), and where the cluster is (``local``,
``host``, ``connect``). ``executor.Dask`` is the executor that the pipeline is given.
"""
