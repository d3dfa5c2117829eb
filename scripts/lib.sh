# Sourced by scripts/demo and scripts/test: Python, virtual environments and Debian packages.
# Sets $repo. Everything it says goes to standard error.

repo=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
constraints=$repo/constraints
# Settings of the caller that would lead Python or pip away from the virtual environment.
unset PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() {
    printf '%s\n' "$*" >&2
}

stop() {
    say "$@"
    exit 2
}

# have COMMAND: whether it is installed; servers lie outside an ordinary user's PATH.
have() (
    PATH=$PATH:/usr/sbin:/sbin
    command -v "$1" >/dev/null 2>&1
)

# has_library NAME: whether the dynamic linker knows this shared library.
has_library() {
    PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null | grep -q "[[:space:]]$1 "
}

is_root() {
    [ "$(id -u)" -eq 0 ]
}

# debian_install PACKAGE...: true when apt-get installed them. No service is started, now or at boot.
debian_install() {
    is_root && have apt-get || return 1
    say "Installing $* with apt-get."
    apt_log=$(mktemp)
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        policy=
    else
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
        trap 'exit 130' INT TERM
    fi
    apt_status=0
    {
        apt-get -q -o DPkg::Lock::Timeout=120 update &&
            DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
                install --no-install-recommends "$@"
    } >"$apt_log" 2>&1 </dev/null || apt_status=$?
    if [ -n "$policy" ]; then
        rm -f "$policy"
        trap - EXIT INT TERM
    fi
    for package in "$@"; do
        if [ -e "/lib/systemd/system/$package.service" ] && have systemctl; then
            systemctl disable -q "$package.service" >>"$apt_log" 2>&1 || true
        fi
    done
    if [ "$apt_status" -ne 0 ]; then
        tail -n 5 "$apt_log" >&2
    fi
    rm -f "$apt_log"
    return "$apt_status"
}

# fits PYTHON: whether this interpreter runs, and facecue runs on it.
fits() {
    "$1" -c 'import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

# find_python VERSION: prints the interpreter of that version, from PATH or from pyenv.
find_python() {
    for candidate in "python$1" "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/$1".*/bin/python; do
        # A pyenv shim of a version that is not switched on is there, but does not run.
        if "$candidate" -c '' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

# choose_python: sets $python, or says what is missing.
choose_python() {
    for python in "${FACECUE_PYTHON:-}" python3 python3.11 python3.12 python3.13 python3.10 python3.9; do
        if [ -n "$python" ] && fits "$python"; then
            break
        fi
        python=
    done
    if [ -z "$python" ]; then
        found=$(python3 -c 'import sys; print("Python %d.%d" % sys.version_info[:2])' 2>/dev/null) ||
            found='no python3'
        stop "facecue needs Python 3.9 to 3.13, and there is $found here:" \
            "install one of these, or name it in FACECUE_PYTHON."
    fi
    machine=$("$python" -c 'import platform, sys
print(platform.machine() if sys.maxsize > 2**32 else "32-bit")')
    case $machine in
    x86_64 | aarch64) ;;
    *) stop "facecue needs a 64-bit x86 or ARM system, and this one is $machine:" \
        "on a Raspberry Pi, use the 64-bit Raspberry Pi OS." ;;
    esac
}

# has_venv: whether $python can make virtual environments; Debian has that in a package of its own.
has_venv() {
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1
}

bring_venv() {
    package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
    if ! has_venv && ! debian_install "$package"; then
        stop "Python's venv module is missing: install it with 'apt-get update && apt-get install $package'" \
            "as root, then run this again."
    fi
}

# choose_home NAME: sets $environment to where the virtual environment NAME is or will be. It lies in the
# clone if that is the caller's own, else in the caller's cache, so that nobody litters another's clone.
choose_home() {
    cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}/facecue/$(printf '%s' "$repo" | cksum | cut -d ' ' -f 1)
    owner=$(stat -c %u -- "$repo")
    if [ "$owner" = "$(id -u)" ] && mkdir -p -- "$repo/.venv/$1" 2>/dev/null && [ -w "$repo/.venv/$1" ]; then
        environment=$repo/.venv/$1
        return
    fi
    environment=$cache/$1
    export PYTHONDONTWRITEBYTECODE=1
    if ! mkdir -p -- "$environment" 2>/dev/null || [ ! -w "$environment" ]; then
        stop "The virtual environment can be put neither into $repo nor into $cache:" \
            "make one of them writable, or name another folder in XDG_CACHE_HOME."
    fi
}

# pip ARGUMENT...: the pip of $environment; on a terminal it shows its progress.
pip() {
    quiet=-qq
    [ ! -t 2 ] || quiet=
    PYTHONWARNINGS=ignore "$environment/bin/python" -m pip $quiet "$@" >&2
}

pip_failed() {
    stop "pip could not install what facecue needs (see above):" \
        "check the network connection and the free disk space, then run this again."
}

# cpu_torch EXTRAS: where training is among them, takes the CPU build of torch if pip's indexes have it.
cpu_torch() {
    case $1 in *train*) ;; *) return 0 ;; esac
    torch=$(sed -n 's/.*"\(torch==[0-9.]*\)".*/\1/p' "$repo/pyproject.toml")
    if ! "$environment/bin/python" -m pip install -q -c "$pinned" "$torch+cpu" >/dev/null 2>&1; then
        say "pip's indexes hold no CPU build of torch, so the one with CUDA follows: several gigabytes." \
            "To avoid it, name an index that has $torch+cpu in PIP_EXTRA_INDEX_URL."
    fi
}

# prepare NAME EXTRAS CONSTRAINTS SIZE [REQUIREMENT...]: makes $environment with facecue[EXTRAS] in it, or
# finds that it is there. EXTRAS may be empty; SIZE is told to the user.
prepare() {
    name=$1 extras=$2 pinned=$constraints/$3 size=$4
    shift 4
    choose_home "$name"
    # Two callers at once would spoil each other's installation: the second waits here.
    exec 9>"$environment.lock"
    ! have flock || flock 9
    is_prepared "$@" || install_facecue "$@"
    exec 9>&-
}

# is_prepared [REQUIREMENT...]: whether $environment holds what was asked for; sets $base and $stamp.
is_prepared() {
    base=$("$python" -c 'import sys; print(sys.version, sys.base_prefix)')@$environment
    stamp=$(printf '%s\n' "$base" "$extras" "$*" | cat - "$repo/pyproject.toml" "$constraints"/*.txt | cksum)
    [ "$(cat "$environment/stamp" 2>/dev/null)" = "$stamp" ] && "$environment/bin/python" -c '' 2>/dev/null
}

install_facecue() {
    make_environment
    pip install -c "$constraints/device.txt" pip setuptools || pip_failed
    cpu_torch "$extras"
    pip install --prefer-binary --no-build-isolation -c "$pinned" "$@" \
        -e "$environment/source${extras:+[$extras]}" || pip_failed
    printf '%s\n' "$stamp" >"$environment/stamp"
}

# make_environment: makes $environment with nothing in it, or finds that it is there, of this $python.
make_environment() {
    bring_venv
    say "Setting up $environment, once: about $size from the Python package index."
    rm -f -- "$environment/stamp"
    if [ "$(cat "$environment/base" 2>/dev/null)" != "$base" ]; then
        "$python" -m venv --clear "$environment" >&2 || stop "Python could not make $environment: see above."
        printf '%s\n' "$base" >"$environment/base"
    fi
    # Installing writes beside the sources; these links keep that out of the clone, whose owner may be another.
    mkdir -p -- "$environment/source"
    for part in pyproject.toml README.md LICENSE THIRD_PARTY.md edge export models; do
        ln -sfn -- "$repo/$part" "$environment/source/$part"
    done
}

# runtime_python YEAR: prints the version of Python that the OpenVINO of that year is tested with.
runtime_python() {
    case $1 in
    2021) echo 3.9 ;;
    2022) echo 3.10 ;;
    *) return 1 ;;
    esac
}

# prepare_runtime YEAR [REQUIREMENT...]: makes $environment with facecue and an older OpenVINO, on $python,
# or finds that it is there. constraints/openvino-YEAR.txt names all that is in it.
prepare_runtime() {
    name=openvino-$1 extras= size='200 MB' listed=$constraints/openvino-$1.txt
    shift
    choose_home "$name"
    exec 9>"$environment.lock"
    ! have flock || flock 9
    if ! is_prepared "$@"; then
        make_environment
        pip install -c "$constraints/device.txt" pip setuptools || pip_failed
        # Those wheels ask for a numpy that nothing else here takes any more, and work with a newer one.
        pip install --no-deps -r "$listed" || pip_failed
        pip install --no-deps --no-build-isolation -e "$environment/source" || pip_failed
        [ "$#" -eq 0 ] || pip install -c "$constraints/test.txt" "$@" || pip_failed
        printf '%s\n' "$stamp" >"$environment/stamp"
    fi
    exec 9>&-
}
