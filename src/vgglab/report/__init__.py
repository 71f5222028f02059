"""What people look at, made from run folders alone."""
