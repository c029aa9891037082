"""What the law says: pure, integers and fractions only (see README.md)."""
