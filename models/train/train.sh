#!/bin/bash
# All stages, one after the other; each resumes where it was. Process seconds per stage from the environment.
#   WORK=FOLDER PYTHON=venv/bin/python models/train/train.sh
set -eu
cd "$(dirname "$0")"
export EMOJI_WORK=${WORK:-$HOME/allaprima-emoji} OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 PYTHONPATH=. PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore
PYTHON=${PYTHON:-python3}
mkdir -p "$EMOJI_WORK"
if [ ! -d "$EMOJI_WORK/deb/x" ]; then
  mkdir -p "$EMOJI_WORK/deb"
  (cd "$EMOJI_WORK/deb" && apt-get download fonts-noto-color-emoji && dpkg -x fonts-noto-color-emoji_*.deb x)
fi
stage() { echo "== $(date -u +%H:%M:%S) $*" >> "$EMOJI_WORK/stages.log"; nice -n 19 "$PYTHON" "$@"; }
stage vae.py "${VAE_SECONDS:-1500}" vae
stage unet.py "${UNET_SECONDS:-9600}" muon
stage vae.py "${DECODER_SECONDS:-2400}" decoder
stage export.py
stage evaluate.py
