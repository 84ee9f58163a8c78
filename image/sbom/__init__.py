"""What is inside the image, as one CycloneDX document (ECMA-424): Debian's packages, Python's, the page's, GRUB."""
