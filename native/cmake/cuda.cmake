# The CUDA build: finds nvcc, the CUDA headers and the shared cudart, checks that they fit libtorch,
# and defines `allaprima_add_cuda_kernels`. What is not found is fetched by tools/fetch.
#
# nvcc is called by rules of our own: CMake's CUDA language wants a whole toolkit, which the wheels
# are not (no libcudart.so, no lib64), and links its test program before it believes in a compiler.

set(ALLAPRIMA_NVCC "" CACHE FILEPATH "nvcc 12.8 or later; empty: CUDACXX, PATH, else fetched")
set(ALLAPRIMA_CUDA_ARCHITECTURES 80 86 89 90a 100 120 CACHE STRING
  "Compute capabilities to compile kernels for, in rising order; PTX of the last one comes with them")
set(CUDA_INCLUDE_DIR "" CACHE PATH "CUDA headers (the folder that holds cuda_runtime_api.h); empty: nvcc's")
set(CUDART_LIBRARY "" CACHE FILEPATH
  "libcudart.so.13 to link with; empty: beside libtorch, its pip packages, else nvcc's")

if(NOT EXISTS ${TORCH_LIBRARY_DIR}/libtorch_cuda.so)
  message(FATAL_ERROR
    "ALLAPRIMA_CUDA=ON, and TORCH_LIBRARY_DIR=${TORCH_LIBRARY_DIR} holds no libtorch_cuda.so. Give the "
    "libraries of a CUDA build: torch/lib of a pip-installed torch, or bytedeco's linux-x86_64-gpu jar.")
endif()

if(ALLAPRIMA_NVCC)
  set(nvcc ${ALLAPRIMA_NVCC})
elseif(DEFINED ENV{CUDACXX})
  set(nvcc $ENV{CUDACXX})
else()
  find_program(nvcc_on_path nvcc NO_CACHE)
  set(nvcc ${nvcc_on_path})
endif()
if(NOT nvcc)
  allaprima_fetch(nvcc nvcc_folder)
  set(nvcc ${nvcc_folder}/nvidia/cu13/bin/nvcc)
endif()

get_filename_component(nvcc ${nvcc} REALPATH)  # called by a link it does not find its own files

# What nvcc would call tells where its headers and libraries are, whoever installed it.
execute_process(COMMAND ${nvcc} --dryrun -E -x cu /dev/null
  OUTPUT_QUIET ERROR_VARIABLE nvcc_says RESULT_VARIABLE failed)
if(failed OR NOT nvcc_says MATCHES "TOP=([^\n]+)")
  message(FATAL_ERROR "${nvcc} is no working nvcc: ${nvcc_says}")
endif()
get_filename_component(cuda_top ${CMAKE_MATCH_1} REALPATH)
string(REGEX MATCH "__CUDACC_VER_MAJOR__=([0-9]+) -D__CUDACC_VER_MINOR__=([0-9]+)" ignored "${nvcc_says}")
set(nvcc_version ${CMAKE_MATCH_1}.${CMAKE_MATCH_2})
if(nvcc_version VERSION_LESS 12.8)
  message(FATAL_ERROR "${nvcc} is version ${nvcc_version}; 12.8 or later is needed (sm_100, sm_120).")
endif()

if(CUDA_INCLUDE_DIR)
  set(cuda_include ${CUDA_INCLUDE_DIR})
else()
  find_path(cuda_include cuda_runtime_api.h NO_CACHE NO_DEFAULT_PATH
    PATHS ${cuda_top}/include ${cuda_top}/targets/x86_64-linux/include)
endif()
get_filename_component(cuda_include "${cuda_include}" ABSOLUTE)
if(NOT EXISTS ${cuda_include}/cuda_runtime_api.h)
  message(FATAL_ERROR "No cuda_runtime_api.h in ${cuda_top}/include; give -DCUDA_INCLUDE_DIR=DIR.")
endif()
if(CUDART_LIBRARY)
  set(cudart ${CUDART_LIBRARY})
else()
  find_file(cudart NAMES libcudart.so.13 libcudart.so.12 NO_CACHE NO_DEFAULT_PATH
    PATHS ${TORCH_LIBRARY_DIR} ${TORCH_LIBRARY_DIR}/../../nvidia/cu13/lib
      ${cuda_top}/lib64 ${cuda_top}/lib ${cuda_top}/targets/x86_64-linux/lib)
endif()
if(NOT EXISTS ${cudart})
  message(FATAL_ERROR "No libcudart.so.13 beside libtorch or in ${cuda_top}; give -DCUDART_LIBRARY=FILE.")
endif()

# One process, one cudart: that of libtorch.
file(STRINGS ${TORCH_LIBRARY_DIR}/libc10_cuda.so cudart_of_torch REGEX "^libcudart\\.so\\.[0-9]+$")
list(GET cudart_of_torch 0 cudart_of_torch)
file(STRINGS ${cuda_include}/cuda_runtime_api.h cudart_version REGEX "#define CUDART_VERSION ")
string(REGEX REPLACE "[^0-9]*([0-9]+)[0-9][0-9][0-9].*" "\\1" cuda_major "${cudart_version}")
if(NOT cudart_of_torch STREQUAL "libcudart.so.${cuda_major}" OR NOT nvcc_version MATCHES "^${cuda_major}\\.")
  message(FATAL_ERROR
    "libtorch in ${TORCH_LIBRARY_DIR} needs ${cudart_of_torch}; the headers in ${cuda_include} are of "
    "CUDA ${cuda_major}, ${nvcc} is ${nvcc_version}. All must be of one major version.")
endif()
message(STATUS "CUDA: nvcc ${nvcc_version} (${nvcc}), headers ${cuda_include}, ${cudart}")

add_library(cuda_runtime INTERFACE)
target_include_directories(cuda_runtime SYSTEM INTERFACE ${cuda_include})
target_link_libraries(cuda_runtime INTERFACE ${cudart})
# Not cudart, which comes with the kernels: tests link one of their own in its place.
target_link_libraries(libtorch INTERFACE c10_cuda)
if(ALLAPRIMA_RUNPATH STREQUAL "$ORIGIN")
  get_filename_component(name ${cudart} NAME)
  file(CREATE_LINK ${cudart} ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/${name} SYMBOLIC)
else()  # a direct need of ours, looked for before libtorch could say where it lies
  get_filename_component(folder ${cudart} REALPATH)
  get_filename_component(folder ${folder} DIRECTORY)
  list(APPEND ALLAPRIMA_RUNPATH ${folder})
  list(APPEND ALLAPRIMA_PROGRAM_RUNPATH ${folder})
endif()

set(nvcc_code)
foreach(architecture ${ALLAPRIMA_CUDA_ARCHITECTURES})
  list(APPEND nvcc_code -gencode arch=compute_${architecture},code=sm_${architecture})
endforeach()
list(GET ALLAPRIMA_CUDA_ARCHITECTURES -1 newest)
list(APPEND nvcc_code -gencode arch=compute_${newest},code=compute_${newest})
set(nvcc_host_flags -fPIC,-fvisibility=hidden,-Wall,-Wextra,-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
set(nvcc_flags -std=c++20 -O3 --compress-mode=size ${nvcc_code} -ccbin ${CMAKE_CXX_COMPILER}
  -Xcompiler ${nvcc_host_flags})
if(ALLAPRIMA_WERROR)
  list(APPEND nvcc_flags -Werror all-warnings)
endif()

# For the files in the folders cuda/, which alone see the CUDA headers; without the precompiled header,
# which was compiled otherwise.
function(allaprima_cuda_sources)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_PRECOMPILE_HEADERS ON
    COMPILE_DEFINITIONS C10_CUDA_BUILD_SHARED_LIBS
    COMPILE_OPTIONS "-isystem;${cuda_include};-ffile-prefix-map=${cuda_include}=cuda")
endfunction()

# A static library of .cu files, on their own: tests link the same files compiled by the emulator.
function(allaprima_add_cuda_kernels target include_dir)
  set(objects)
  foreach(source ${ARGN})
    get_filename_component(name ${source} NAME_WE)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${target}.dir/${name}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${CMAKE_CUDA_COMPILER_LAUNCHER} ${nvcc} ${nvcc_flags} -I${include_dir} -isystem ${cuda_include}
        -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
      DEPENDS ${source} DEPFILE ${object}.d COMMENT "nvcc ${name}.cu" VERBATIM COMMAND_EXPAND_LISTS)
    list(APPEND objects ${object})
  endforeach()
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${target}.dir)
  add_library(${target} STATIC ${objects})
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${target} PUBLIC cuda_runtime)
endfunction()
