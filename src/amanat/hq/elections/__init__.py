"""The election that this headquarters holds: manifest, packages, register deltas, official acts."""
