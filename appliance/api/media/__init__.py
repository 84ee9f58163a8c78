"""Live and recorded media for the page: the media socket, the events socket, pictures and files of any range."""
