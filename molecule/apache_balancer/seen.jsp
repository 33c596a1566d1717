<%@ page contentType="application/json" %>{"instance": "<%= System.getProperty("catalina.base").replaceAll(".*/", "") %>",
"client": "<%= request.getRemoteAddr() %>", "scheme": "<%= request.getScheme() %>", "secure": <%= request.isSecure() %>,
"name": "<%= request.getServerName() %>", "port": <%= request.getServerPort() %>, "new": <%= session.isNew() %>}
