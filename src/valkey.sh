# Sourced by ./test.sh, and by hand with `bash src/valkey.sh`: makes sure that a Valkey server is installed, for the tests of the store.
# ./qt itself needs no server.
valkey_backports=/etc/apt/sources.list.d/valkey-backports.sources

install_valkey() {
    if command -v valkey-server >/dev/null 2>&1 && command -v valkey-cli >/dev/null 2>&1; then
        return 0
    fi
    local system=unknown
    if [ -r /etc/os-release ]; then
        system="$(. /etc/os-release && echo "$ID $VERSION_CODENAME")"
    fi
    if [ "$system" != "debian bookworm" ] || [ "$(id -u)" != 0 ]; then
        echo "valkey-server is missing, so the tests that need a server are skipped. On Debian 12 run as root: bash src/valkey.sh. Elsewhere install valkey-server and valkey-cli 8.0 or newer with the system's package manager." >&2
        return 0
    fi
    if [ -z "$(apt-cache policy valkey-server 2>/dev/null | grep 'Candidate: [0-9]')" ]; then
        if ! grep -rqs 'bookworm-backports' /etc/apt/sources.list /etc/apt/sources.list.d; then
            echo "Adding Debian's bookworm-backports to the package sources ($valkey_backports) ..." >&2
            printf 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm-backports\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' > "$valkey_backports"
        fi
        apt-get update -qq >&2
    fi
    echo "Installing valkey-server and valkey-tools from bookworm-backports ..." >&2
    # The tests start servers of their own on free ports; the package must not start one for the whole machine.
    local policy=/usr/sbin/policy-rc.d made=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' > "$policy" && chmod +x "$policy" && made=1
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -t bookworm-backports valkey-server valkey-tools >&2 \
        || echo "Installing valkey-server failed; the tests that need a server are skipped. Check the package sources and run: bash src/valkey.sh" >&2
    if [ "$made" = 1 ]; then
        rm -f "$policy"
    fi
}

install_valkey
