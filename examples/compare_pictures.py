"""How alike two pictures are, by every measure at once; the keypoints found again as a picture.

python examples/compare_pictures.py a.jpg b.jpg matches.png
"""

from __future__ import annotations

import sys

from obverse import canvas, photo
from obverse.compare import compare, draw
from obverse.errors import told


def main(first: str, second: str, out: str) -> None:
    one, other = photo.load(first), photo.load(second)
    likeness = compare(one, other, ["polar", "hist-gray-256"])
    print(f"mean squared error {likeness.mse:.0f}, structural similarity {likeness.ssim:.3f}")
    print(f"histograms correlate by {likeness.histogram:.3f}")
    print(f"{likeness.hash_distance} of 64 bits of the hashes differ")
    for name, cosine in likeness.embeddings.items():
        print(f"{name} sees a cosine of {cosine:.3f}")
    print(f"{likeness.matches.inliers.sum()} keypoints found again")
    canvas.save(draw(one, other, likeness.matches), out)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with told():
        main(*sys.argv[1:])
