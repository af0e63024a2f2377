/* The limit: a star of N named namespaces, with nothing between the program and the kernel.
 *
 * Usage: star N default|lean
 *
 * The fewest trips into the kernel: namespaces by unshare(2) in this one thread, each with a netlink
 * socket that stays in it; both ends of a veth, their places, the bridge and "up" in one message,
 * 64 messages in one buffer; one buffer a namespace for lo, eth0, address and default route.
 * Only the last message of a buffer asks for an acknowledgement; errors come unasked.
 *
 * "default" leaves every setting as the kernel has it.  "lean" does without what a star does not
 * need: one queue a veth, no multicast snooping, no IPv6 addresses, the bridge up last.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, BRIDGE = 900, LOOPBACK = 1, ETH0 = 2, ROOM = 1 << 16 };
enum { GATEWAY = 10 << 24 | 1, BROADCAST = 10 << 24 | 0xffff, PREFIX = 16 };

static _Alignas(NLMSG_ALIGNTO) char buffer[ROOM];
static size_t used;
static unsigned messages;

static void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

/* -- laying down messages ------------------------------------------------------------------- */

static void *add(const void *data, size_t size) {
    char *place = buffer + used;
    if (used + NLMSG_ALIGN(size) > ROOM) {
        errno = ENOBUFS;
        die("message");
    }
    memset(place, 0, NLMSG_ALIGN(size));
    if (data)
        memcpy(place, data, size);
    used += NLMSG_ALIGN(size);
    return place;
}

static struct nlmsghdr *begin(int type, int flags, const void *body, size_t size) {
    struct nlmsghdr head = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags};
    head.nlmsg_seq = ++messages;
    struct nlmsghdr *place = add(&head, sizeof head);
    add(body, size);
    return place;
}

static void end(struct nlmsghdr *head) { head->nlmsg_len = buffer + used - (char *)head; }

static struct rtattr *put(int type, const void *data, size_t size) {
    struct rtattr attribute = {.rta_type = type, .rta_len = RTA_LENGTH(size)};
    struct rtattr *place = add(&attribute, sizeof attribute);
    if (size)
        add(data, size);
    return place;
}

static void put_u32(int type, unsigned value) { put(type, &value, sizeof value); }
static void put_ip(int type, unsigned address) { put_u32(type, htonl(address)); }
static void put_text(int type, const char *text) { put(type, text, strlen(text) + 1); }
static void close_nest(struct rtattr *nest) { nest->rta_len = buffer + used - (char *)nest; }

/* -- talking to the kernel ------------------------------------------------------------------ */

static int netlink(void) {
    int found = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (found < 0)
        die("socket");
    return found;
}

/* Send what lies in the buffer and wait for the last acknowledgement. */
static void flush(int to, struct nlmsghdr *last, const char *what) {
    static char answer[1 << 16];
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    last->nlmsg_flags |= NLM_F_ACK;
    unsigned awaited = last->nlmsg_seq;
    if (sendto(to, buffer, used, 0, (void *)&kernel, sizeof kernel) < 0)
        die(what);
    for (int done = 0; !done;) {
        int size = recv(to, answer, sizeof answer, 0);
        if (size < 0)
            die(what);
        for (struct nlmsghdr *head = (void *)answer; NLMSG_OK(head, size);
             head = NLMSG_NEXT(head, size)) {
            if (head->nlmsg_type != NLMSG_ERROR)
                continue;
            errno = -((struct nlmsgerr *)NLMSG_DATA(head))->error;
            if (errno)
                die(what);
            done |= head->nlmsg_seq == awaited;
        }
    }
    used = messages = 0;
}

/* -- the parts of a star -------------------------------------------------------------------- */

static int lean;

static struct nlmsghdr *set_up(int index) {
    struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    struct nlmsghdr *head = begin(RTM_NEWLINK, 0, &link, sizeof link);
    end(head);
    return head;
}

static struct nlmsghdr *address(int index, unsigned ip) {
    struct ifaddrmsg body = {.ifa_family = AF_INET, .ifa_prefixlen = PREFIX, .ifa_index = index};
    struct nlmsghdr *head =
        begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
    put_ip(IFA_LOCAL, ip);
    put_ip(IFA_ADDRESS, ip);
    put_ip(IFA_BROADCAST, BROADCAST);
    end(head);
    return head;
}

static struct nlmsghdr *default_route(void) {
    struct rtmsg body = {.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN,
                         .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST};
    struct nlmsghdr *head =
        begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
    put_ip(RTA_GATEWAY, GATEWAY);
    put_u32(RTA_OIF, ETH0);
    end(head);
    return head;
}

static void no_ipv6_address(int index) {
    struct ifinfomsg link = {.ifi_index = index};
    unsigned char none = IN6_ADDR_GEN_MODE_NONE;
    struct nlmsghdr *head = begin(RTM_NEWLINK, 0, &link, sizeof link);
    struct rtattr *families = put(IFLA_AF_SPEC, 0, 0), *ipv6 = put(AF_INET6, 0, 0);
    put(IFLA_INET6_ADDR_GEN_MODE, &none, sizeof none);
    close_nest(ipv6);
    close_nest(families);
    end(head);
}

static void bridge(int host) {
    struct ifinfomsg link = {.ifi_index = BRIDGE};
    unsigned char no = 0;
    struct nlmsghdr *head = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
    put_text(IFLA_IFNAME, "br0");
    struct rtattr *info = put(IFLA_LINKINFO, 0, 0);
    put(IFLA_INFO_KIND, "bridge", 6);
    if (lean) {
        struct rtattr *data = put(IFLA_INFO_DATA, 0, 0);
        put(IFLA_BR_MCAST_SNOOPING, &no, sizeof no);
        close_nest(data);
    }
    close_nest(info);
    end(head);
    head = address(BRIDGE, GATEWAY);
    if (!lean)
        head = set_up(BRIDGE);
    flush(host, head, "bridge");
}

static struct nlmsghdr *veth(int number, int namespace) {
    struct ifinfomsg link = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    struct ifinfomsg other = {.ifi_index = ETH0};
    char name[IFNAMSIZ];
    snprintf(name, sizeof name, "h%d", number);
    struct nlmsghdr *head = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
    put_text(IFLA_IFNAME, name);
    put_u32(IFLA_MASTER, BRIDGE);
    if (lean) {
        put_u32(IFLA_NUM_TX_QUEUES, 1);
        put_u32(IFLA_NUM_RX_QUEUES, 1);
    }
    struct rtattr *info = put(IFLA_LINKINFO, 0, 0);
    put(IFLA_INFO_KIND, "veth", 4);
    struct rtattr *data = put(IFLA_INFO_DATA, 0, 0), *peer = put(VETH_INFO_PEER, 0, 0);
    add(&other, sizeof other);
    put_text(IFLA_IFNAME, "eth0");
    put_u32(IFLA_NET_NS_FD, namespace);
    if (lean) {
        put_u32(IFLA_NUM_TX_QUEUES, 1);
        put_u32(IFLA_NUM_RX_QUEUES, 1);
    }
    close_nest(peer);
    close_nest(data);
    close_nest(info);
    end(head);
    return head;
}

/* Make a namespace and name it; this thread is inside it afterwards.  Its descriptor. */
static int namespace(int number) {
    char path[64];
    snprintf(path, sizeof path, "/run/netns/n%d", number);
    int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (file < 0)
        die(path);
    close(file);
    if (unshare(CLONE_NEWNET) < 0)
        die("unshare");
    if (mount("/proc/thread-self/ns/net", path, "none", MS_BIND, 0) < 0)
        die("mount");
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        die(path);
    return file;
}

/* What the kernel gives to each new namespace and link, once, before any is made. */
static void no_ipv6_by_default(void) {
    int file = open("/proc/sys/net/ipv6/conf/default/addr_gen_mode", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return; /* a kernel without IPv6 */
    if (write(file, "1", 1) < 0)
        die("addr_gen_mode");
    close(file);
}

int main(int count, char **words) {
    int size = count == 3 ? atoi(words[1]) : 0;
    if (size < 1 || (strcmp(words[2], "default") && strcmp(words[2], "lean"))) {
        fprintf(stderr, "usage: star N default|lean\n");
        return 2;
    }
    lean = !strcmp(words[2], "lean");
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int *namespaces = calloc(size, sizeof(int)), *sockets = calloc(size, sizeof(int));

    double start = now();
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), host = netlink();
    if (lean)
        no_ipv6_by_default();
    bridge(host);
    for (int i = 0; i < size; i++) {
        namespaces[i] = namespace(i);
        sockets[i] = netlink();
    }
    if (setns(home, CLONE_NEWNET) < 0)
        die("setns");
    struct nlmsghdr *last = 0;
    for (int i = 0; i < size; i++) {
        last = veth(i, namespaces[i]);
        if ((i + 1) % BATCH == 0 || i + 1 == size)
            flush(host, last, "veth");
    }
    if (lean)
        flush(host, set_up(BRIDGE), "bridge up");
    for (int i = 0; i < size; i++) {
        set_up(LOOPBACK);
        if (lean)
            no_ipv6_address(ETH0);
        set_up(ETH0);
        address(ETH0, (10 << 24) + i + 2);
        flush(sockets[i], default_route(), "inside");
    }
    printf("{\"build\": %.6f}\n", now() - start);
    return 0;
}
