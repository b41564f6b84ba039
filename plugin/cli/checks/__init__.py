"""What `lifecycle doctor` looks at: each check by itself, so that one that fails hides no other."""
