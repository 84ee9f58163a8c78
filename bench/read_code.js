// Watches a <video>: for every picture that is rendered, decodes the counter and UTC burnt into it (the layout of
// hwtests/camera/burnt.py) from the pixels of a canvas, and returns [counter, latency in ms] for SECONDS seconds.
// A picture's time is its expectedDisplayTime (requestVideoFrameCallback): when it is to be visible on the screen.
({ seconds, grid, columns, rows, whitening }) =>
  new Promise((resolve) => {
    const video = document.querySelector('video');
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const found = [];
    const seen = { pictures: 0, unread: 0, width: 0, height: 0 };
    const until = performance.now() + seconds * 1000;

    const crcTable = Array.from({ length: 256 }, (_, n) => {
      let c = n;
      for (let bit = 0; bit < 8; bit += 1) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
      return c >>> 0;
    });
    const crc32 = (bytes) => {
      let c = 0xffffffff;
      for (const byte of bytes) c = crcTable[(c ^ byte) & 255] ^ (c >>> 8);
      return (c ^ 0xffffffff) >>> 0;
    };

    // The green of the middle half of each cell.
    const cells = () => {
      const cellWidth = video.videoWidth / grid[0];
      const cellHeight = video.videoHeight / grid[1];
      const width = Math.ceil(cellWidth * columns);
      const height = Math.ceil(cellHeight * rows);
      canvas.width = width;
      canvas.height = height;
      context.drawImage(
        video,
        video.videoWidth - width,
        video.videoHeight - height,
        width,
        height,
        0,
        0,
        width,
        height,
      );
      const { data } = context.getImageData(0, 0, width, height);
      const means = [];
      for (let row = 0; row < rows; row += 1) {
        for (let column = 0; column < columns; column += 1) {
          const left = Math.round(width - (columns - column - 0.25) * cellWidth);
          const top = Math.round(height - (rows - row - 0.25) * cellHeight);
          let sum = 0;
          let count = 0;
          for (let y = top; y < top + cellHeight / 2 - 0.5; y += 1) {
            for (let x = left; x < left + cellWidth / 2 - 0.5; x += 1) {
              sum += data[(y * width + x) * 4 + 1];
              count += 1;
            }
          }
          means.push(sum / count);
        }
      }
      return means;
    };

    const decode = () => {
      const means = cells();
      const middle = (Math.min(...means) + Math.max(...means)) / 2;
      const bytes = [];
      for (let at = 0; at < means.length; at += 8) {
        let byte = 0;
        for (let bit = 0; bit < 8; bit += 1) byte = (byte << 1) | (means[at + bit] > middle ? 1 : 0);
        bytes.push(byte ^ whitening[at / 8]);
      }
      const number = (from, to) => bytes.slice(from, to).reduce((value, byte) => value * 256 + byte, 0);
      return crc32(bytes.slice(0, 11)) === number(11, 15) ? [number(0, 4), number(4, 11)] : null;
    };

    const look = (_now, picture) => {
      seen.pictures += 1;
      seen.width = video.videoWidth;
      seen.height = video.videoHeight;
      const code = decode();
      if (code === null) seen.unread += 1;
      else found.push([code[0], performance.timeOrigin + picture.expectedDisplayTime - code[1] / 1000]);
      if (performance.now() < until) video.requestVideoFrameCallback(look);
      else resolve({ found, ...seen });
    };
    video.requestVideoFrameCallback(look);
  });
