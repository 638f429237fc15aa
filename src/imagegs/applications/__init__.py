"""What is made of the parts below: texture stacks."""
