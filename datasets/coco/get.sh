#!/usr/bin/env bash
# Fetch the COCO captioning files of CS231n into datasets/coco/data: 1 GB to fetch, 3.5 GB while unpacking.
#
#   bash datasets/coco/get.sh            fetch (or go on fetching), unpack, verify
#   bash datasets/coco/get.sh --check    verify what is there
#
# COCO_URL, COCO_DIR and COCO_FILES name another address, folder and list of files.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
url=${COCO_URL:-http://cs231n.stanford.edu/coco_captioning.zip}
data=${COCO_DIR:-$here/data}
files=${COCO_FILES:-$here/files.txt}
part=$data/coco_captioning.zip.part

fail() {    # what was asked, what was found, a hint
    printf '%s\n%s\nhint: %s\n' "$1" "$2" "$3" >&2
    exit 1
}

python=$(command -v python3 || command -v python || true)
"${python:-false}" -c 'import zipfile' 2>/dev/null \
    || fail "the COCO files" "no working python3 to unpack them with" \
        "run ./setup.sh, then: source .venv/bin/activate"

listed() { grep -v '^ *\(#\|$\)' "$files"; }

sha256() { (sha256sum "$1" 2>/dev/null || shasum -a 256 "$1") | cut -d' ' -f1; }

wrong() {    # say what is wrong with the files in a folder; nothing if all is well
    listed | while read -r name size prefix; do
        if [ ! -f "$1/$name" ]; then
            echo "$name is missing"
        elif [ "$(wc -c <"$1/$name")" -ne "$size" ]; then
            echo "$name has $(wc -c <"$1/$name" | tr -d ' ') bytes, not $size"
        elif [ "$prefix" != - ] && [[ $(sha256 "$1/$name") != "$prefix"* ]]; then
            echo "$name does not begin its sha256 with $prefix"
        fi
    done
}

fetch() {    # go on where the last attempt stopped; anew if the host cannot (curl's 33) or has less (416)
    if ! command -v curl >/dev/null; then
        wget --continue --tries=3 --timeout=30 --output-document="$part" "$url"
        return
    fi
    local answer status=0
    local options=(--fail --location --retry 3 --connect-timeout 20 --speed-limit 1000 --speed-time 60)
    answer=$(curl "${options[@]}" --write-out '%{http_code}' --continue-at - --output "$part" "$url") \
        || status=$?
    if [ "$status" -eq 33 ] || [ "$answer" = 416 ]; then
        rm -f "$part"
        curl "${options[@]}" --output "$part" "$url"
    else
        return "$status"
    fi
}

is_whole() { [ -s "$part" ] && "$python" -m zipfile -l "$part" >/dev/null 2>&1; }

unpack() {    # the listed files, whatever folder of the archive they are in; zipfile checks each one's CRC
    "$python" - "$part" "$1" "$files" <<'END'
import os, shutil, sys, zipfile
archive, folder, files = sys.argv[1:]
listed = {line.split()[0] for line in open(files) if line.strip() and not line.startswith("#")}
with zipfile.ZipFile(archive) as packed:
    for member in packed.infolist():
        name = os.path.basename(member.filename)
        if name in listed and "__MACOSX" not in member.filename:
            with packed.open(member) as source, open(os.path.join(folder, name), "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
END
}

if [ -z "$(wrong "$data")" ]; then
    echo "the COCO files are complete in $data"
    exit
fi
if [ "${1:-}" = --check ]; then
    fail "the COCO files in $data" "$(wrong "$data" | head -n 3 | paste -sd, -)" \
        "fetch them with: bash datasets/coco/get.sh"
fi

mkdir -p "$data" 2>/dev/null \
    || fail "the folder $data" "it cannot be made" "choose another one with COCO_DIR=..."
need=$(listed | awk '{ bytes += $2 } END { printf "%.0f", bytes * 1.5 / 1024 }')
free=$(df -Pk "$data" | awk 'NR == 2 { print $4 }')
[ "$free" -ge "$need" ] || fail "$((need / 1024)) MB of room in $data" "$((free / 1024)) MB are free" \
    "free some space, or choose another folder with COCO_DIR=..."

if ! is_whole; then
    echo "fetching $url"
    fetch || is_whole || fail "the archive $url" "it could not be fetched; what has come so far is kept" \
        "run this again later to go on, or use the scenes, which need none: python datasets/scenes/make.py"
    is_whole || { rm -f "$part"; fail "the archive $url" "what came is not a zip archive" \
        "the host may have moved it; the scenes need no network: python datasets/scenes/make.py"; }
fi

echo "unpacking and verifying"
new=$(mktemp -d "$data/.unpacking-XXXXXX")
trap 'rm -rf "$new"' EXIT
unpack "$new" || { rm -f "$part"; fail "the archive $url" "it is damaged" "run this again to fetch it anew"; }
problems=$(wrong "$new")
if [ -n "$problems" ]; then
    rm -f "$part"
    fail "the files of CS231n" "$(head -n 3 <<<"$problems" | paste -sd, -)" \
        "it is another archive than the known one; run this again, or: python datasets/scenes/make.py"
fi
listed | while read -r name _; do mv -f "$new/$name" "$data/$name"; done
rm -f "$part"
echo "the COCO files are complete in $data"
echo "use them: load_coco_data(\"coco\"), or export AUTOGRADER_DATA=coco"
