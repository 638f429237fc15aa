"""What `imagegs.files` is made of: a file's bytes beside it, and the ways into its place."""
