"""Real servers for tests, started in a moment on any machine, as root or not."""
