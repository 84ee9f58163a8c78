"""Unit api: HTTPS API, web page, sign-in, live and playback delivery."""
