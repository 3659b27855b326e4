# What the benchmarks' commands have in common; sourced, in the repository's root.

# These make OpenBLAS take other kernels than it would choose for this processor.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
# As the launcher `allaprima` does: threads that wait give the core back to whoever works.
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-3000}

commit() {
  local dirty=
  [ -z "$(git status --porcelain --untracked-files=no)" ] || dirty=-changed
  echo "$(git rev-parse --short HEAD)$dirty"
}

# As in "amd-epyc-9555-2-cores".
machine() {
  local model
  model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
  echo "${model:-cpu}-$(nproc)-cores" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9]\+/-/g'
}
