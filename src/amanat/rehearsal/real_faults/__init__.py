"""Real faults over real processes: the shipped programs in network namespaces, on PostgreSQL, over real files."""
