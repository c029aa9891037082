"""One property a file: each hears every event and every entry, and says in a sentence what was not as promised."""
