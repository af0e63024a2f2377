# shellcheck shell=bash
# Shared by script/lab, script/test and script/provision: system packages, a Python, a virtual
# environment.  Sourced, not run.  Expects bash with `set -eu`, and ROOT set to the checkout.

# An ordinary user's PATH on Debian lacks the directories where ip and brctl are.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export PATH

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# -- system packages ---------------------------------------------------------------------------

# program, Debian package, and what it is for.  "!" marks what nothing works without.
read -r -d '' SYSTEM_PACKAGES <<'END' || true
! ip           iproute2         the commands of the lessons
! bash         bash             runs the lines of the lessons
- nft          nftables         the commands of the lessons
- brctl        bridge-utils     the commands of the lessons
- ifconfig     net-tools        the commands of the lessons
- iptables     iptables         the commands of the lessons
- ping         iputils-ping     the commands of the lessons
- curl         curl             asks the web server outside
- host         bind9-host       asks its name server
- traceroute   traceroute       the way of a packet
- hostname     hostname         containers have one of their own
- unshare      util-linux       containers as processes with their own namespaces
- sysctl       procps           forwarding and bridge settings
- dot          graphviz         lays out the pictures
- tcpdump      tcpdump          frames on a wire
- conntrack    conntrack        the NAT table
- iperf3       iperf3           measures what a way carries
- strace       strace           the bytes that a program sends to the kernel
- dockerd      docker.io        a Docker engine inside a lab
- runc         runc             starts its containers
- busybox      busybox-static   what runs in them
- tshark       tshark           reads the files that captures are written to
END

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

may_be_root() {
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null 2>&1 || return 1
    # Without a terminal sudo cannot ask for a password.
    if [ -t 0 ]; then sudo -v 2>/dev/null; else sudo -n true 2>/dev/null; fi
}

# system_packages: install what is missing, or say what is.
system_packages() {
    local mark program package why needed=() optional=()
    while read -r mark program package why; do
        [ -n "$mark" ] || continue
        command -v "$program" >/dev/null 2>&1 && continue
        say "missing: $program (package $package: $why)"
        if [ "$mark" = '!' ]; then needed+=("$package"); else optional+=("$package"); fi
    done <<<"$SYSTEM_PACKAGES"
    if ! find_python >/dev/null; then
        say "missing: a Python 3.11 to 3.13 with the venv module that any user may run" \
            "(package python3-venv: the virtual environment)"
        needed+=(python3-venv)
    fi
    local wanted=("${needed[@]}" "${optional[@]}")
    [ ${#wanted[@]} -gt 0 ] || return 0

    if ! command -v apt-get >/dev/null 2>&1; then
        say "this is not Debian or Ubuntu: install these with the system's own package manager"
    elif ! may_be_root; then
        say "neither root nor sudo: ask somebody to run"
        say "    sudo apt-get install ${wanted[*]}"
    else
        apt_install "${wanted[@]}"
        hash -r
        return 0
    fi
    [ ${#needed[@]} -eq 0 ] || die "nothing works without ${needed[*]}"
    say "going on without ${optional[*]}: some lessons will not work"
}

apt_install() {
    local update=(apt-get -q update) install=(
        # A freshly started machine may be busy with its own upgrades.
        env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300
        --no-install-recommends install "$@"
    )
    say "installing: $*"
    # A fresh machine has no package lists: only then are they fetched.
    apt-get -qq --simulate install "$@" >/dev/null 2>&1 || as_root "${update[@]}" >&2
    as_root "${install[@]}" >&2 && return 0
    # Old lists name files that are gone by now.
    as_root "${update[@]}" >&2
    as_root "${install[@]}" >&2 || die "apt-get could not install $*"
}

# debian_packages NAME...: install those that are not there; for what is no single program.
debian_packages() {
    local package missing=()
    for package; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    may_be_root || die "neither root nor sudo: sudo apt-get install ${missing[*]}"
    apt_install "${missing[@]}"
}

# -- Python ------------------------------------------------------------------------------------

# for_everyone PATH: may any user run this file?  One below root's home is not for everyone.
for_everyone() {
    local path
    path=$(realpath -e "$1" 2>/dev/null) || return 1
    while :; do
        case $(stat -c %A "$path") in
            *[xt]) ;;
            *) return 1 ;;
        esac
        [ "$path" != / ] || return 0
        path=$(dirname "$path")
    done
}

# find_python: print the path of a Python that will do.
find_python() {
    local name path
    for name in ${NSLAB_PYTHON:-/usr/bin/python3 python3 python3.13 python3.12 python3.11}; do
        path=$(command -v "$name" 2>/dev/null) || continue
        # A version manager's shim is a script: ask the interpreter itself where it is.
        path=$("$path" -c 'import sys; print(sys.executable)' 2>/dev/null) || continue
        for_everyone "$path" || continue
        "$path" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
            2>/dev/null || continue
        printf '%s\n' "$path"
        return 0
    done
    return 1
}

# -- the virtual environment -------------------------------------------------------------------

# fingerprint LOCK: changes whenever the environment has to be made anew.
fingerprint() {
    {
        cat "$1" "$ROOT/pyproject.toml"
        printf '%s\n' "$ROOT" "$PYTHON_BASE"
    } | sha256sum | cut -d' ' -f1
}

# environment LOCK...: make sure that a virtual environment holds the first lock's packages, and
# set PYTHON to its interpreter.  One made from any of the other locks, which hold more, will do.
environment() {
    local venv lock
    PYTHON_BASE=$(find_python) || die "there is no Python 3.11 to 3.13 that any user may run"
    venv=${NSLAB_VENV:-$ROOT/.venv}
    if [ -x "$venv/bin/python" ] && up_to_date "$venv" "$@"; then
        PYTHON=$venv/bin/python
        return 0
    fi
    if [ -z "${NSLAB_VENV:-}" ] && ! { [ -w "$ROOT" ] && { [ ! -e "$venv" ] || [ -w "$venv" ]; }; }; then
        venv=${XDG_CACHE_HOME:-$HOME/.cache}/nslab/venv-$(printf %s "$ROOT" | sha256sum | cut -c1-12)
        if [ -x "$venv/bin/python" ] && up_to_date "$venv" "$@"; then
            PYTHON=$venv/bin/python
            return 0
        fi
        say "$ROOT is not yours to write: the virtual environment goes to $venv"
    fi
    lock=$1
    say "making the virtual environment $venv with $PYTHON_BASE and $(basename "$lock")"
    mkdir -p "$(dirname "$venv")"
    "$PYTHON_BASE" -m venv --clear "$venv" || die "cannot make $venv"
    PYTHON=$venv/bin/python
    pip_install --require-hashes --requirement "$lock"
    # The package itself: the checkout, with what builds it taken from the lock.
    pip_install --no-deps --no-build-isolation --editable "$ROOT"
    # Last: an installation that was cut short has no stamp.
    fingerprint "$lock" >"$venv/nslab-stamp"
}

up_to_date() {
    local venv=$1 lock
    shift
    for lock in "$@"; do
        [ "$(cat "$venv/nslab-stamp" 2>/dev/null)" != "$(fingerprint "$lock")" ] || return 0
    done
    return 1
}

pip_install() {
    "$PYTHON" -m pip -qq --disable-pip-version-check --no-input install "$@" ||
        die "pip could not install the packages; is the network there?"
}
