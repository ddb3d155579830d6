"""python -m venv_packer"""
import sys

from venv_packer import main

sys.exit(main())
