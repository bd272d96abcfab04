# Finds a JDK 25 or newer. The scripts that start Java source this file; any POSIX shell will do.
#
# JAVA_HOME         checked first, then the java on PATH, then the usual folders
# BGEM3_JDK_FOLDERS replaces the list of usual folders below: patterns of JDK homes, separated by colons
# shellcheck shell=sh

min_java=25
usual_folders="/usr/lib/jvm/*:/opt/*:${HOME:-}/.sdkman/candidates/java/*:${HOME:-}/.jdks/*"
readonly usual_folders="$usual_folders:/Library/Java/JavaVirtualMachines/*/Contents/Home"

# Prints the file at the end of a chain of symbolic links. (Some systems have no readlink -f.)
resolve() (
  file=$1
  case $file in */*) ;; *) file=./$file ;; esac
  while [ -L "$file" ]; do
    link=$(readlink "$file") || exit
    case $link in /*) file=$link ;; *) file=${file%/*}/$link ;; esac
  done
  printf '%s/%s' "$(CDPATH='' cd -P -- "${file%/*}/" >/dev/null && pwd)" "${file##*/}"
)

# Succeeds if a folder is the home of a JDK that is new enough; its release file gives the version without starting it.
is_jdk() (
  version=
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || exit 1
  if [ -r "$1/release" ]; then
    while IFS= read -r line; do
      case $line in JAVA_VERSION=*) version=${line#*=} ;; esac
    done <"$1/release"
  fi
  if [ -z "$version" ]; then
    version=$("$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p')
  fi
  version=${version#\"}
  version=${version%%[!0-9]*}
  [ -n "$version" ] && [ "$version" -ge "$min_java" ]
)

# Prints the home of the first suitable JDK.
search_jdk() (
  if [ -n "${JAVA_HOME:-}" ] && is_jdk "$JAVA_HOME"; then
    printf '%s' "$JAVA_HOME"
    exit
  fi
  if on_path=$(command -v java); then
    folder=$(resolve "$on_path")
    folder=${folder%/bin/java}
    if is_jdk "$folder"; then
      printf '%s' "$folder"
      exit
    fi
  fi
  IFS=:
  for folder in ${BGEM3_JDK_FOLDERS-$usual_folders}; do
    # The patterns were expanded with the list.
    if is_jdk "$folder"; then
      printf '%s' "$folder"
      exit
    fi
  done
  exit 1
)

# Sets java_home. If there is no JDK, prints one line that starts with the first argument, and exits with 3.
find_jdk() {
  # shellcheck disable=SC2034 # used by the scripts that source this
  java_home=$(search_jdk) && return
  printf '%s: no JDK %s or newer found; %s\n' "$1" "$min_java" \
    "install one, such as Temurin $min_java from https://adoptium.net, or point JAVA_HOME at it" >&2
  exit 3
}
