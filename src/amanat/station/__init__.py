"""The polling station's program: desk, booth and journal, which need nothing but themselves all day (P-6)."""
