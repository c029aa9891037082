"""What is signed, and how people's election files are read: pure (see README.md)."""
