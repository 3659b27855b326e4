// How OpenMP's threads wait, for a process that starts Java without saying it. Loaded before
// libgomp, which reads its environment once, when it is loaded.
//
// By default libgomp's threads spin for milliseconds after each piece of work. On cores that have
// other work too they steal the time that the last one needs to finish; with a hundredth of that,
// small models were faster there. What it costs on a calm machine was not measured.
#include <stdlib.h>

__attribute__((constructor)) static void wait_briefly(void) {
  // One variable, added to what is there: what other threads read meanwhile stays in its place.
  if (getenv("OMP_WAIT_POLICY") == NULL && getenv("GOMP_SPINCOUNT") == NULL) {
    setenv("GOMP_SPINCOUNT", "3000", 0);
  }
}
