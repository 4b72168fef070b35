#ifdef ALONE
void _start(void)
{
	for (;;)
		;
}
#else
#define _GNU_SOURCE
#include <stdlib.h>

int main(void)
{
	double load[3];

	return getloadavg(load, 3) == 3 && secure_getenv("NONE") == NULL ? 0 : 1;
}
#endif
