#!/bin/sh
# The article's set-up by hand, beside what the roles have set up on the same machine and out of the same files: memcached-session-manager
# as it is, the six lines in httpd's own site. For AJP as in the article, and the same lines for HTTP.
# usage: article.sh JAVA_OPTS, with the sample application in /root/sample.war
set -eu
java_opts=$1
home=$(echo /opt/tomcat/apache-tomcat-*)
manager='<Manager className="de.javakaffee.web.msm.MemcachedBackupSessionManager" memcachedNodes="n1:localhost:11211"
    requestUriIgnorePattern=".*\\.(ico|png|gif|jpg|css|js)$" />'

tomcat() { # NAME PROTOCOL PORT
  base=/opt/article/$1
  mkdir -p "$base/conf" "$base/lib" "$base/logs" "$base/temp" "$base/webapps" "$base/work"
  cp "$home"/conf/* "$base/conf"
  cp /opt/tomcat/session-manager-*/session-store/*.jar "$base/lib"
  rm "$base/lib/roundrobin-session-manager.jar"
  sed -i "s#</Context>#$(printf %s "$manager" | tr '\n' ' ')</Context>#" "$base/conf/context.xml"
  case $2 in
    ajp) connector="<Connector port=\"$3\" protocol=\"AJP/1.3\" redirectPort=\"8443\" secretRequired=\"false\"/>" ;;
    http) connector="<Connector port=\"$3\" protocol=\"HTTP/1.1\" connectionTimeout=\"20000\" redirectPort=\"8443\"/>" ;;
  esac
  # Tomcat's own file with its comments and its one connector taken out, and this one in.
  python3 - "$base/conf/server.xml" "$1" "$connector" <<'PYTHON'
import re
import sys

path, route, connector = sys.argv[1:]
text = re.sub(r"(?s)<!--.*?-->", "", open(path).read())
text = re.sub(r"(?s)<Connector .*?/>", lambda _found: connector, text, count=1)
text = text.replace('port="8005"', 'port="-1"').replace("<Engine ", f'<Engine jvmRoute="{route}" ')
open(path, "w").write(text)
PYTHON
  cp /root/sample.war "$base/webapps/$2.war"
  chown -R tomcat: "$base"
  systemd-run --quiet --unit="article-$1" --uid=tomcat --gid=tomcat --working-directory="$base" --setenv=CATALINA_HOME="$home" \
    --setenv=CATALINA_BASE="$base" --setenv=CATALINA_OPTS="$java_opts" "$home/bin/catalina.sh" run
}
tomcat ajp1 ajp 8509
tomcat ajp2 ajp 8609
tomcat http1 http 8780
tomcat http2 http 8880

cp -a /etc/apache2 /etc/apache2-article
cd /etc/apache2-article
rm sites-enabled/* roundrobin-balancer*.conf
for module in proxy proxy_ajp proxy_http proxy_balancer lbmethod_byrequests slotmem_shm; do
  ln -sf "../mods-available/$module.load" "mods-enabled/$module.load"
done
echo 'Listen 81' >ports.conf
sed -n 's/<VirtualHost \*:80>/<VirtualHost *:81>/; s#^</VirtualHost>##; p' sites-available/000-default.conf >sites-enabled/article.conf
cat >>sites-enabled/article.conf <<'HTTPD'
<Proxy balancer://ajp>
    BalancerMember ajp://localhost:8509 route=ajp1
    BalancerMember ajp://localhost:8609 route=ajp2
</Proxy>
ProxyPass /ajp/ balancer://ajp/ajp/ stickysession=JSESSIONID|jsessionid
<Proxy balancer://http>
    BalancerMember http://localhost:8780 route=http1
    BalancerMember http://localhost:8880 route=http2
</Proxy>
ProxyPass /http/ balancer://http/http/ stickysession=JSESSIONID|jsessionid
</VirtualHost>
HTTPD
mkdir -p /var/log/apache2-article
systemctl start apache2@article
