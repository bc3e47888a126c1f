#!/usr/bin/env bash
# Makes this machine ready for VMDesk: system packages first, then .venv. Run it as often as you like.
#
#   packaging/bootstrap.sh [--group run|test|bench] [--no-system]
#
# run    what VMDesk needs; test  also what the tests need; bench  also what the benchmark compares with.
# --no-system leaves the system's packages alone. sudo is asked for only when a package is missing.
#
# Debian 12 is where this runs: groups run and test were tried from a bare one (debootstrap's smallest), as root and as a
# user. Ubuntu takes Debian's names and was not tried. Fedora's and Arch's names were looked up and not tried: QEMU's in
# Fedora's qemu.spec and Arch's PKGBUILD (both have qemu-ui-dbus and qemu-ui-spice-core), libvirt's and python's in those
# of virt-manager and libvirt-python, Qt's libxcb family, grub2-tools-extra and xorg-server-xvfb in other programs'
# instructions for the two. Not found anywhere: Fedora's python3-gobject-base, dbus-daemon and xorg-x11-xauth, Arch's
# osinfo-db. A name that is wrong shows at once, as the package manager's own message.
set -euo pipefail
umask 022 # the tests run as another user, who must be able to read .venv

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
python=/usr/bin/python3 # never the PATH's: only the system's sees python3-libvirt and python3-gi
group=run
system=yes

say() { printf 'bootstrap: %s\n' "$*" >&2; }
die() {
	say "$*"
	exit 1
}

while (($#)); do
	case $1 in
	--group)
		group=${2:-}
		shift 2 || die "--group needs run, test or bench"
		;;
	--no-system)
		system=no
		shift
		;;
	-h | --help)
		sed -n '2,8s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	*) die "unknown argument: $1 (try --help)" ;;
	esac
done
[[ $group == run || $group == test || $group == bench ]] || die "--group needs run, test or bench, not '$group'"

# ---------------------------------------------------------------- what each family calls things

debian_run=(
	python3 python3-venv python3-libvirt python3-gi
	libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-system-common qemu-utils dnsmasq-base
	iptables nftables openssh-client
	gir1.2-libosinfo-1.0 osinfo-db osinfo-db-tools ovmf swtpm swtpm-tools acl
	gir1.2-spiceclientglib-2.0 spice-client-glib-usb-acl-helper
	libegl1 libgl1 libdbus-1-3 libfontconfig1 libglib2.0-0 libwayland-client0 libwayland-cursor0 libwayland-egl1
	libx11-xcb1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
	libxcb-shape0 libxcb-sync1 libxcb-util1 libxcb-xfixes0 libxcb-xkb1 libxkbcommon-x11-0 fonts-dejavu-core
	xvfb xauth iproute2 # with no display `make run` shows the tour on a virtual one
)
# QEMU's D-Bus display (ui-dbus.so) is in qemu-system-common on Debian 12, later in a package of its own. (Debian 12's
# backports have that package too, but for their own QEMU.)
debian_later=()
if ! grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release && apt-cache show qemu-system-modules-opengl >/dev/null 2>&1; then
	debian_run+=(qemu-system-modules-opengl)
	debian_later=(qemu-system-modules-spice)
fi
debian_test=(
	at-spi2-core gir1.2-atspi-2.0 dbus dbus-x11 xdotool
	grub-rescue-pc openssh-server procps iproute2 util-linux mount passwd
	libvirt-daemon-driver-lxc busybox-static # containers
	virtinst debootstrap qemu-system-arm qemu-efi-aarch64 # new machines: compared with virt-install; a small Debian; another processor
	libvirt-clients libxml2-utils # virt-xml-validate
)
# A real installer to look at, graphical and on a serial port. Ubuntu has none; the tests say so and pass it over.
if grep -qs '^ID=debian' /etc/os-release; then
	debian_test+=("debian-installer-$(sed -n 's/^VERSION_ID="\?\([0-9]*\).*/\1/p' /etc/os-release)-netboot-amd64")
fi
# The console is held against remote-viewer; gcc makes the guest that draws.
debian_bench=(virt-manager xdotool virt-viewer gcc libxtst6 "${debian_later[@]}")

fedora_run=(
	python3 python3-libvirt python3-gobject-base
	libvirt-daemon-kvm libvirt-daemon-config-network libvirt-client qemu-system-x86-core qemu-ui-dbus qemu-img dnsmasq
	nftables
	openssh-clients libosinfo osinfo-db osinfo-db-tools edk2-ovmf swtpm swtpm-tools acl spice-glib
	mesa-libEGL mesa-libGL dbus-libs fontconfig glib2 libwayland-client libwayland-cursor libwayland-egl
	libxcb
	xcb-util xcb-util-cursor xcb-util-image xcb-util-keysyms xcb-util-renderutil xcb-util-wm libxkbcommon-x11
	dejavu-sans-fonts xorg-x11-server-Xvfb xorg-x11-xauth iproute
)
fedora_test=(
	libvirt-daemon at-spi2-core dbus-daemon dbus-x11 xdotool grub2-tools-extra grub2-pc-modules xorriso
	openssh-server procps-ng iproute util-linux shadow-utils
	virt-install debootstrap qemu-system-aarch64-core edk2-aarch64
)
fedora_bench=(virt-manager xdotool virt-viewer gcc libXtst qemu-ui-spice-core)

arch_run=(
	python libvirt-python python-gobject
	libvirt qemu-system-x86 qemu-ui-dbus qemu-img dnsmasq iptables openssh libosinfo osinfo-db osinfo-db-tools edk2-ovmf swtpm acl spice-gtk
	libglvnd dbus fontconfig glib2 wayland libxcb xcb-util xcb-util-cursor xcb-util-image xcb-util-keysyms
	xcb-util-renderutil xcb-util-wm libxkbcommon-x11 ttf-dejavu xorg-server-xvfb xorg-xauth
)
arch_test=(
	at-spi2-core xdotool grub libisoburn procps-ng iproute2 util-linux shadow
	virt-install debootstrap qemu-system-aarch64 edk2-aarch64
)
arch_bench=(virt-manager xdotool virt-viewer gcc libxtst qemu-ui-spice-core)

# ---------------------------------------------------------------- system packages

family() {
	local id="" id_like=""
	# shellcheck disable=SC1091
	[[ -r /etc/os-release ]] && . /etc/os-release && id=${ID:-} id_like=${ID_LIKE:-}
	case " $id $id_like " in
	*" debian "* | *" ubuntu "*) echo debian ;;
	*" fedora "* | *" rhel "*) echo fedora ;;
	*" arch "*) echo arch ;;
	*) echo unknown ;;
	esac
}

wanted() { # family -> the names of this group and of those it contains
	local -n run=$1_run test=$1_test bench=$1_bench
	printf '%s\n' "${run[@]}"
	[[ $group == run ]] || printf '%s\n' "${test[@]}"
	[[ $group != bench ]] || printf '%s\n' "${bench[@]}"
}

missing() { # family, names on stdin -> those not installed
	case $1 in
	debian) # a package may be provided by another one (libglib2.0-0t64), so Provides counts
		sort -u | comm -23 - <(dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' |
			sed -n 's/^installed //p' | tr ',' '\n' | sed 's/^ *//; s/[ (:].*//' | sort -u)
		;;
	fedora) while read -r name; do rpm -q --whatprovides "$name" >/dev/null 2>&1 || echo "$name"; done ;;
	arch) while read -r name; do pacman -T "$name" >/dev/null 2>&1 || echo "$name"; done ;;
	esac
}

as_root() {
	if ((EUID == 0)); then
		"$@"
	elif [[ -t 0 ]]; then
		sudo -- "$@"
	else
		sudo -n -- "$@" || die "sudo wants a password and there is no terminal to ask on"
	fi
}

install_packages() { # family, names
	local kind=$1
	shift
	case $kind in
	debian)
		local try
		for try in 1 2 3; do
			as_root apt-get -qq update && break
			say "apt-get update failed (try $try of 3)"
			sleep 3
		done
		# Without systemd running a service cannot start, and that is no reason to stop: what counts is checked below.
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
			-o Dpkg::Use-Pty=0 -o Acquire::Retries=3 install "$@" >&2 || say "apt-get reported an error"
		;;
	fedora) as_root dnf -y --setopt=install_weak_deps=False install "$@" >&2 || say "dnf reported an error" ;;
	arch) as_root pacman -S --needed --noconfirm "$@" >&2 || say "pacman reported an error" ;;
	esac
}

keep_sshd_quiet() { # only the tests start an ssh server: installing one must not open this machine to the network
	[[ -d /run/systemd/system ]] || return 0
	say "the ssh server stays masked (systemctl unmask ssh brings it back); the tests start their own"
	as_root systemctl mask ssh.service ssh.socket sshd.service sshd.socket >/dev/null 2>&1 || true
}

start_libvirt() { # Debian starts it by itself
	[[ -d /run/systemd/system && $1 != debian ]] || return 0
	as_root systemctl enable --now virtqemud.socket virtnetworkd.socket virtstoraged.socket >/dev/null 2>&1 ||
		as_root systemctl enable --now libvirtd.socket >/dev/null 2>&1 ||
		say "libvirt could not be started: systemctl enable --now libvirtd.socket"
}

system_packages() {
	local kind names
	kind=$(family)
	if [[ $kind == unknown ]]; then
		say "this is not Debian, Ubuntu, Fedora or Arch: install what this script lists under 'debian_run' by hand"
		return 0
	fi
	mapfile -t names < <(wanted "$kind" | missing "$kind")
	((${#names[@]})) || return 0
	say "missing system packages: ${names[*]}"
	if ((EUID != 0)) && ! command -v sudo >/dev/null; then
		die "sudo is not installed: as root, run  $0 --group $group  or install these packages"
	fi
	[[ " ${names[*]} " != *" openssh-server "* ]] || keep_sshd_quiet
	install_packages "$kind" "${names[@]}"
	start_libvirt "$kind"
	mapfile -t names < <(printf '%s\n' "${names[@]}" | missing "$kind")
	((${#names[@]} == 0)) || die "still missing: ${names[*]}"
}

offer_group() { # whoever is in group libvirt may manage the machines of qemu:///system
	local answer user
	user=$(id -un)
	((EUID != 0)) && getent group libvirt >/dev/null || return 0
	[[ " $(id -Gn) " != *" libvirt "* ]] || return 0
	if [[ " $(id -Gn "$user") " == *" libvirt "* ]]; then
		say "you are in group libvirt, but this login does not know it yet: log out and in once"
		return 0
	fi
	[[ -t 0 && -t 2 && $group == run ]] || return 0
	[[ ! -e $venv/.asked-for-group ]] || return 0
	read -r -p "Add $user to group libvirt, so that VMDesk can manage this machine's guests? [y/N] " answer
	if [[ $answer == [yY]* ]] && ! command -v sudo >/dev/null; then
		say "sudo is not installed; as root, run: usermod --append --groups libvirt $user"
	elif [[ $answer == [yY]* ]]; then
		as_root usermod --append --groups libvirt "$user" && say "done: log out and in once"
	else
		touch "$venv/.asked-for-group"
		say "left as it is; VMDesk offers your own session's guests and the practice host"
	fi
}

# ---------------------------------------------------------------- .venv

usable_venv() {
	[[ -x $venv/bin/python && -r $venv/pyvenv.cfg ]] || return 1
	grep -qi '^include-system-site-packages *= *true' "$venv/pyvenv.cfg" || return 1
	[[ $(head -c 4096 "$venv/bin/pip" 2>/dev/null | head -n 1) == "#!$venv/bin/"* ]] || return 1
	[[ $("$venv/bin/python" -c 'import sys; print(sys.base_prefix, *sys.version_info[:2])' 2>/dev/null) == "$1" ]]
}

compile_once() { # what would be compiled at each start: PySide's own Python, and ours where it cannot be written later
	SBK_EMBED=0 "$venv/bin/python" -c 'import shiboken6' || true
	"$venv/bin/python" -m compileall -q "$venv"/lib/python3*/site-packages/shiboken6/files.dir "$root/vmdesk" || true
}

virtual_environment() {
	local lock=$root/requirements.lock version stamp=$venv/.stamp-$group want
	[[ $group == run ]] || lock=$root/requirements-dev.lock stamp=$venv/.stamp-dev
	[[ -x $python ]] || die "no $python"
	version=$("$python" -c 'import sys; print(sys.base_prefix, *sys.version_info[:2])')
	"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
		die "VMDesk needs Python 3.11 or newer; $python is older"

	mkdir -p "$root/build"
	exec 9>"$root/build/.bootstrap.lock"
	flock 9
	if ! usable_venv "$version"; then
		say "making .venv from $python"
		rm -rf "$venv"
		"$python" -m venv --system-site-packages "$venv"
	fi
	want=$(cat "$root/requirements.lock" "$lock" "$root/pyproject.toml" <(echo "$venv $version") | sha256sum)
	# What the tests need contains what a run needs: after either, a run has nothing to do.
	[[ -x $venv/bin/vmdesk && $(cat "$stamp" 2>/dev/null) == "$want" ]] && return 0
	if [[ $group == run && -x $venv/bin/vmdesk && -r $venv/.stamp-dev ]]; then
		local dev
		dev=$(cat "$root/requirements.lock" "$root/requirements-dev.lock" "$root/pyproject.toml" \
			<(echo "$venv $version") | sha256sum)
		[[ $(cat "$venv/.stamp-dev") == "$dev" ]] && return 0
	fi

	say "installing ${lock##*/}"
	local pip=("$venv/bin/python" -m pip --quiet --quiet --disable-pip-version-check install --retries 5)
	"${pip[@]}" --require-hashes --only-binary :all: --no-deps -r "$lock"
	"${pip[@]}" --no-deps --no-build-isolation --editable "$root"
	"$venv/bin/python" -c 'import gi, libvirt' ||
		die "the system's python3-libvirt or python3-gi cannot be imported from .venv"
	compile_once
	rm -f "$venv"/.stamp-*
	echo "$want" >"$stamp"
}

[[ $system == no ]] || system_packages
virtual_environment
[[ $system == no ]] || offer_group
