"""What a user would pick instead: one module for each program, and in `jobs` what they are measured at, beside this host."""
