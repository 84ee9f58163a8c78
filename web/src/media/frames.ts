/** Tells the media time of every picture as it comes on the screen; gives what stops it. */
export function watchFrames(video: HTMLVideoElement, onFrame: (mediaS: number) => void): () => void {
  if (!('requestVideoFrameCallback' in video)) return watchTime(video, onFrame);
  let handle = 0;
  const next = (_nowMs: number, frame: VideoFrameCallbackMetadata): void => {
    handle = video.requestVideoFrameCallback(next);
    onFrame(frame.mediaTime);
  };
  handle = video.requestVideoFrameCallback(next);
  return () => video.cancelVideoFrameCallback(handle);
}

/** Where a browser does not tell of pictures, the time some times a second has to do. */
function watchTime(video: HTMLVideoElement, onFrame: (mediaS: number) => void): () => void {
  const tell = () => onFrame(video.currentTime);
  video.addEventListener('timeupdate', tell);
  return () => video.removeEventListener('timeupdate', tell);
}
