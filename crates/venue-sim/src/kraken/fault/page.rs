//! Answers that come from Cloudflare instead of Kraken.

use std::time::Duration;

use crate::kraken::rest::Reply;

/// Cloudflare's location in the ids of its pages.
const LOCATION: &str = "HKG";

/// Cloudflare's answer where Kraken's is missing. `ray` is Cloudflare's id of it.
pub(crate) fn error_page(status: u16, retry_after: Option<Duration>, ray: &str) -> Reply {
    let mut headers = vec![
        ("content-type", "text/html; charset=UTF-8".to_owned()),
        ("server", "cloudflare".to_owned()),
        ("cf-ray", format!("{ray}-{LOCATION}")),
        (
            "cache-control",
            "no-store, no-cache, must-revalidate, post-check=0, pre-check=0".to_owned(),
        ),
        ("expires", "Thu, 01 Jan 1970 00:00:01 GMT".to_owned()),
    ];
    let body = match status {
        429 => {
            headers[0].1 = "text/plain; charset=UTF-8".to_owned();
            "error code: 1015".to_owned()
        }
        400..=519 => short_page(status),
        _ => {
            headers.push(("set-cookie", "cf_use_ob=0; path=/".to_owned()));
            long_page(status, ray)
        }
    };
    if let Some(after) = retry_after {
        headers.push(("retry-after", after.as_secs().to_string()));
    }
    Reply { status, headers, body }
}

/// What Cloudflare calls a status.
const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Time-out",
        413 => "Request Entity Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Temporarily Unavailable",
        504 => "Gateway Time-out",
        520 => "Web server is returning an unknown error",
        521 => "Web server is down",
        522 => "Connection timed out",
        523 => "Origin is unreachable",
        524 => "A timeout occurred",
        525 => "SSL handshake failed",
        _ => "Error",
    }
}

fn short_page(status: u16) -> String {
    let title = title(status);
    format!(
        "<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n\
         <center><h1>{status} {title}</h1></center>\r\n<hr><center>cloudflare</center>\r\n\
         </body>\r\n</html>\r\n"
    )
}

fn long_page(status: u16, ray: &str) -> String {
    let title = title(status);
    format!(
        "<!DOCTYPE html>\n\
         <!--[if lt IE 7]> <html class=\"no-js ie6 oldie\" lang=\"en-US\"> <![endif]-->\n\
         <!--[if gt IE 8]><!--> <html class=\"no-js\" lang=\"en-US\"> <!--<![endif]-->\n\
         <head>\n<title>api.kraken.com | {status}: {title}</title>\n\
         <meta charset=\"UTF-8\" />\n</head>\n<body>\n<div id=\"cf-wrapper\">\n\
         <h1><span>Error</span> <span>{status}</span></h1>\n<h2>{title}</h2>\n\
         <p><span>Cloudflare Ray ID: <strong>{ray}</strong></span></p>\n\
         </div>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_look_like_cloudflares() {
        let page = error_page(520, None, "4870683c6e79a338");
        assert!(page.body.starts_with("<!DOCTYPE html>\n<!--[if lt IE 7]> <html class"));
        let title = "<title>api.kraken.com | 520: Web server is returning an unknown error</title>";
        assert!(page.body.contains(title));
        assert!(page.headers.contains(&("cf-ray", "4870683c6e79a338-HKG".to_owned())));
        let page = error_page(503, None, "4870683c6e79a338");
        assert!(page.body.contains("<h1>503 Service Temporarily Unavailable</h1>"));
        let page = error_page(429, Some(Duration::from_secs(7)), "0");
        assert_eq!(page.body, "error code: 1015");
        assert!(page.headers.contains(&("retry-after", "7".to_owned())));
    }
}
