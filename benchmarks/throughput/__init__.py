"""What `bench_throughput.py` and `bench_faults.py` are made of: a server, clients, and their measuring."""
