"""Writes training crops as a folder of people, PERSON/N.png, for measuring where comparisons begin to fail (tests/quality_limits.rs).

  python -m faces.by_person --shared ../../../shared --out DIR
The two least turned pictures of each person of whom there are two sharp ones; a crop's border is repeated around it, as surroundings for the detector.
"""
import argparse
from pathlib import Path
import cv2
from faces.packs import crop_pictures, crop_rows

EYE_PX, BORDER = 35, 36    # below 35 pixels between the eyes a crop was enlarged


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    g = p.parse_args()
    pack = g.shared / "training" / "crops-1.bin"
    people = {}
    for row in crop_rows(pack):
        if row["source"] == "celeba_wild" and row["person"] and float(row["eye_px"] or 0) >= EYE_PX:
            people.setdefault(row["person"], []).append(row)
    for person, rows in sorted(people.items()):
        chosen = sorted(rows, key=lambda r: abs(float(r["yaw"])))[:2]
        folder = g.out / person.replace(":", "-")
        if len(rows) >= 2:
            folder.mkdir(parents=True, exist_ok=True)
            for n, crop in enumerate(crop_pictures(pack, chosen), 1):
                cv2.imwrite(str(folder / ("%d.png" % n)), cv2.copyMakeBorder(crop, *[BORDER] * 4, cv2.BORDER_REPLICATE))


if __name__ == "__main__":
    main()
