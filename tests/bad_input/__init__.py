"""Bad input: whatever comes, one line says what was expected, what came and what to do; nothing recorded is lost."""
