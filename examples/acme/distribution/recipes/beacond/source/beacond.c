/* beacond: answers each UDP datagram with the host's name and the configured greeting. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct config {
    int port;
    char greeting[128];
};

static volatile sig_atomic_t stopping;

static void stop(int signal_number) {
    (void)signal_number;
    stopping = 1;
}

static int read_config(const char *path, struct config *config) {
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "beacond: %s: %s\n", path, strerror(errno));
        return -1;
    }
    char line[256];
    int number = 0;
    while (fgets(line, sizeof line, file)) {
        number++;
        line[strcspn(line, "\n")] = 0;
        if (line[0] == '#' || line[0] == 0) continue;
        if (sscanf(line, "port %d", &config->port) == 1) continue;
        if (sscanf(line, "greeting %127[^\n]", config->greeting) == 1) continue;
        fprintf(stderr, "beacond: %s:%d: cannot read \"%s\"\n", path, number, line);
        fclose(file);
        return -1;
    }
    fclose(file);
    if (config->port < 0 || config->port > 65535) {
        fprintf(stderr, "beacond: %s: port %d is out of range\n", path, config->port);
        return -1;
    }
    return 0;
}

static int serve(const struct config *config) {
    int socket_fd = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)config->port), .sin6_addr = in6addr_any};
    if (socket_fd < 0 || bind(socket_fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("beacond");
        return 1;
    }
    char host[256] = "", answer[512], question[16];
    gethostname(host, sizeof host - 1);
    int length = snprintf(answer, sizeof answer, "%s %s\n", host, config->greeting);
    while (!stopping) {
        struct sockaddr_in6 peer;
        socklen_t peer_length = sizeof peer;
        if (recvfrom(socket_fd, question, sizeof question, 0, (struct sockaddr *)&peer, &peer_length) >= 0)
            sendto(socket_fd, answer, (size_t)length, 0, (struct sockaddr *)&peer, peer_length);
    }
    close(socket_fd);
    return 0;
}

int main(int count, char **arguments) {
    struct config config = {.port = 7, .greeting = "here"};
    int check = count > 1 && strcmp(arguments[1], "--check") == 0;
    const char *path = count > 1 + check ? arguments[1 + check] : "/etc/beacond.conf";
    if (read_config(path, &config) < 0) return 2;
    if (check) {
        printf("beacond: %s is good: port %d, greeting \"%s\"\n", path, config.port, config.greeting);
        return 0;
    }
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    return serve(&config);
}
