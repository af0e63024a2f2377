"""A real Docker engine in a lab: its bridge and a container's cable."""

from nslab import Lab, docker

lab = Lab()
docker.start(lab)
lab.sh("docker run -d --name app --hostname app busybox sleep 1000")
print(lab.picture)
lab.close()
