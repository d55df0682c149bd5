"""What the doctor looks at, by the sections of its report."""
