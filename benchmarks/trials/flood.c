/* Sends frames on a link at a rate, many with one call.

   Usage: flood LINK RATE SECONDS SIZE; RATE in frames a second, 0 for as fast as it goes.
   Prints how many went.  The frames are of the type that is set aside for experiments, to a MAC
   that nobody has, so that no protocol takes them up. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 16, LARGEST = 1514 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int count, char **words)
{
	static const unsigned char head[14] = { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	static unsigned char frame[LARGEST];
	struct sockaddr_ll where = { .sll_family = AF_PACKET };
	struct mmsghdr messages[BATCH];
	struct iovec vector = { frame, 0 };
	double rate, seconds, start, passed;
	long sent = 0;
	int link;

	if (count != 5)
		return 2;
	where.sll_ifindex = if_nametoindex(words[1]);
	rate = atof(words[2]);
	seconds = atof(words[3]);
	vector.iov_len = atoi(words[4]);
	if (vector.iov_len < sizeof(head) || vector.iov_len > LARGEST)
		return 2;
	memcpy(frame, head, sizeof(head));
	memset(messages, 0, sizeof(messages));
	for (int i = 0; i < BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &vector;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	link = socket(AF_PACKET, SOCK_RAW, 0);
	if (link < 0 || bind(link, (void *)&where, sizeof(where))) {
		perror("flood");
		return 1;
	}
	start = now();
	while ((passed = now() - start) < seconds) {
		/* Slow ones go one by one: a burst of 16 is not what a rate of 100 means. */
		int batch = rate > 0 && rate < 20000 ? 1 : BATCH, went;

		if (rate > 0 && sent + batch > passed * rate)
			continue;
		went = sendmmsg(link, messages, batch, 0);
		if (went > 0) {
			sent += went;
		} else if (errno != ENOBUFS && errno != EAGAIN) {
			perror("flood");
			return 1;
		}
	}
	printf("%ld\n", sent);
	return 0;
}
