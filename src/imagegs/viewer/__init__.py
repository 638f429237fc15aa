"""The viewer: a page that shows a picture in a web browser, and the server for it."""
