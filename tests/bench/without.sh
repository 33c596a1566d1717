#!/bin/sh
# Another httpd on the roles' machine with the roles' own configuration, less what a sed script takes out of it; the same members.
# usage: without.sh NAME PORT SCRIPT; PORT + 1 is its manager's
set -eu
directory=/etc/apache2-$1
cp -a /etc/apache2 "$directory"
cd "$directory"
echo "Listen $2" >ports.conf
sed "s#/etc/apache2/#$directory/#" sites-available/roundrobin-balancer.conf >sites-enabled/roundrobin-balancer.conf.new
mv sites-enabled/roundrobin-balancer.conf.new sites-enabled/roundrobin-balancer.conf
# The key under which httpd keeps the members' states: one for each httpd.
sed -i "s/^Define RoundrobinKey .*/Define RoundrobinKey 192.0.2.1:$2/" roundrobin-balancer-states.conf
sed -i "s#:9080#:$(($2 + 1))#; s#== 9080#== $(($2 + 1))#; s#\*:80 #*:$2 #; s#/var/log/apache2#/var/log/apache2-$1#" roundrobin-balancer.conf
cp roundrobin-balancer.conf before
sed -i "$3" roundrobin-balancer.conf
# A script that finds nothing to take out would measure nothing.
[ -z "$3" ] || ! cmp -s before roundrobin-balancer.conf
mkdir -p "/var/log/apache2-$1"
systemctl start "apache2@$1"
