"""Sources, RTP, depacketising, codecs, fragmented MP4 and transcoding."""
