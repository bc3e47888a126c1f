# Completion of vmdesk for bash: verbs, options, machines' names.
_vmdesk() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb="" word place
	local verbs="list show create start shutdown reboot reset poweroff destroy pause resume save discard-save autostart rename undefine stats tag open host edit"
	local -a connect=()
	COMPREPLY=()
	case $previous in
	--connect)
		mapfile -t COMPREPLY < <(compgen -W "practice qemu:///system qemu:///session" -- "$current")
		return
		;;
	--settings-dir | --tour)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	esac
	for ((place = 1; place < COMP_CWORD; place++)); do
		word=${COMP_WORDS[place]}
		case $word in
		--connect)
			connect+=(--connect "${COMP_WORDS[++place]}")
			;;
		--settings-dir | --tour) ((++place)) ;;
		-*) ;;
		*) verb=${verb:-$word} ;;
		esac
	done
	if [[ $current == -* ]]; then
		local options="--connect --json --settings-dir --debug --demo --help"
		case $verb in
		start) options+=" --paused" ;;
		shutdown) options+=" --wait" ;;
		tag) options+=" --add --remove" ;;
		edit) options+=" --vcpus --memory --title --boot --add-disk --add-nic --add-usb --on-replug --even-if-used --insert --eject --remove --set-limit --live --config --print-xml --print-diff --xml" ;;
		"") options+=" --tour --version" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
	elif [[ -z $verb ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
	elif [[ $verb == autostart && $previous == autostart ]]; then
		mapfile -t COMPREPLY < <(compgen -W "on off" -- "$current")
	elif [[ $verb != list && $verb != host ]]; then
		# One name a line, quoted for the shell: a name may hold anything.
		local name
		while IFS= read -r name; do
			[[ $name == "$current"* ]] && COMPREPLY+=("$(printf %q "$name")")
		done < <(vmdesk "${connect[@]}" list --names 2>/dev/null)
	fi
}
complete -F _vmdesk vmdesk
