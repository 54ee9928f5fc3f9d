"""Write every model of this folder as a workbook: python models/to_workbooks.py [FOLDER, default data]."""

import importlib
import sys
from pathlib import Path

import chainopt as co

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    """Write folder/NAME.xlsx for each NAME.py that has a chain, its sources on the sheet notes."""
    sys.path.insert(0, str(HERE))
    for path in sorted(HERE.glob("*.py")):
        if path != Path(__file__):
            model = importlib.import_module(path.stem)
            book = folder / f"{path.stem}.xlsx"
            co.write_workbook(model.chain(), book, notes=(("what", "figure", "source"), *model.SOURCES))
            print(f"wrote {book}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "data")
