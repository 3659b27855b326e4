# Finds libtorch and the JSON headers, checks that they fit, and defines the targets `libtorch` and
# `json`. What is not given is fetched by tools/fetch.

function(allaprima_fetch name result)
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/fetch ${name}
    OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${name} could not be fetched; see above.")
  endif()
  set(${result} ${folder} PARENT_SCOPE)
endfunction()

if(NOT TORCH_LIBRARY_DIR)
  message(FATAL_ERROR
    "TORCH_LIBRARY_DIR is not set. Give the folder that holds libtorch_cpu.so: torch/lib of a "
    "pip-installed torch, or let Maven do it (`mvn package` unpacks bytedeco's libtorch).")
endif()
if(NOT EXISTS ${TORCH_LIBRARY_DIR}/libtorch_cpu.so)
  message(FATAL_ERROR "TORCH_LIBRARY_DIR=${TORCH_LIBRARY_DIR} holds no libtorch_cpu.so.")
endif()
if(TORCH_INCLUDE_DIR)
  set(torch_include ${TORCH_INCLUDE_DIR})
else()
  allaprima_fetch(torch torch_folder)
  set(torch_include ${torch_folder}/torch/include)
endif()
if(NLOHMANN_INCLUDE_DIR)
  set(json_include ${NLOHMANN_INCLUDE_DIR})
else()
  allaprima_fetch(nlohmann-json json_folder)
  set(json_include ${json_folder}/nlohmann_json/include)
endif()

# Headers and library of different minor versions do not fit: libtorch's C++ ABI changes with each.
file(STRINGS ${torch_include}/torch/headeronly/version.h version_lines
  REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE "[^0-9;]" "" torch_version "${version_lines}")
string(REPLACE ";" "." torch_version "${torch_version}")
# A pip-installed torch says its version in version.py, bytedeco's in the name of the jar's folder.
set(library_minor)
if(EXISTS ${TORCH_LIBRARY_DIR}/../version.py)
  file(STRINGS ${TORCH_LIBRARY_DIR}/../version.py library_version REGEX "__version__")
else()
  set(library_version ${TORCH_LIBRARY_DIR})
endif()
if(library_version MATCHES "(__version__|pytorch)[^0-9]+([0-9]+\\.[0-9]+)")
  set(library_minor ${CMAKE_MATCH_2})
endif()
string(REGEX MATCH "^[0-9]+\\.[0-9]+" header_minor "${torch_version}")
if(library_minor AND NOT library_minor STREQUAL header_minor)
  message(FATAL_ERROR
    "libtorch headers are ${torch_version} (${torch_include}), the library is ${library_minor} "
    "(${TORCH_LIBRARY_DIR}). Both must be of one minor version.")
endif()
message(STATUS "libtorch ${torch_version}, library ${library_minor} in ${TORCH_LIBRARY_DIR}")

add_library(libtorch INTERFACE)
target_include_directories(libtorch SYSTEM INTERFACE ${torch_include})
target_link_directories(libtorch INTERFACE ${TORCH_LIBRARY_DIR})
target_link_libraries(libtorch INTERFACE torch_cpu c10)
if(EXISTS ${TORCH_LIBRARY_DIR}/libtorch_cuda.so)
  # Nothing of ours names a symbol of it: loading it is what registers its operators.
  target_link_libraries(libtorch INTERFACE
    -Wl,--push-state,--no-as-needed torch_cuda -Wl,--pop-state)
endif()
# Our own symbols must all resolve; libtorch's may come from libraries that are not here.
target_link_options(libtorch INTERFACE LINKER:--no-undefined LINKER:--allow-shlib-undefined)
target_compile_options(libtorch INTERFACE
  -ffile-prefix-map=${torch_include}=libtorch -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.
  -ffile-prefix-map=${json_include}=json)
# The library was built with NDEBUG: without it some of its classes would have another layout here.
target_compile_definitions(libtorch INTERFACE NDEBUG C10_CUDA_NO_CMAKE_CONFIGURE_FILE)

add_library(json INTERFACE)
target_include_directories(json SYSTEM INTERFACE ${json_include})

# bytedeco's libraries lie in one folder: link them beside ours, so that RUNPATH is $ORIGIN alone.
# A pip-installed torch finds its CUDA packages from where it is: name its folder instead.
if(EXISTS ${TORCH_LIBRARY_DIR}/libopenblas.so.0)
  file(GLOB torch_libraries ${TORCH_LIBRARY_DIR}/*.so*)
  file(MAKE_DIRECTORY ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
  foreach(library ${torch_libraries})
    get_filename_component(name ${library} NAME)
    file(CREATE_LINK ${library} ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/${name} SYMBOLIC)
  endforeach()
  set(ALLAPRIMA_RUNPATH "$ORIGIN")
  set(ALLAPRIMA_PROGRAM_RUNPATH "$ORIGIN/../lib")
else()
  set(ALLAPRIMA_RUNPATH "$ORIGIN;${TORCH_LIBRARY_DIR}")
  set(ALLAPRIMA_PROGRAM_RUNPATH "$ORIGIN/../lib;${TORCH_LIBRARY_DIR}")
endif()
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
set(CMAKE_SKIP_RPATH OFF)
