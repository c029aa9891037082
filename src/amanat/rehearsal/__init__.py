"""مانور: the product's own exercise.  A whole election with the real programs, invented people and planned faults."""
