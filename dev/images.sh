# Sourced: where images are kept, and how buildah is called for them. From the repository's root.
#
# Buildah takes overlay where the kernel has it, otherwise vfs, which needs more disk.
images=$(realpath -m "${WINDROW_STATE_DIR:-.run}/images")
export TMPDIR=$images/tmp  # Where buildah keeps the cache of the compilation, too.
buildah=(buildah --root "$images/storage" --runroot "$images/run")
