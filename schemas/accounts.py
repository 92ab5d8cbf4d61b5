"""The name of an account: a CRM id as it is, or a web domain in its one normal form."""

import re

_HOST = r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)"
_WEB_ADDRESS = re.compile(
    rf"(?:https?://)?({_HOST})\.?(?::[0-9]+)?(?:[/?#].*)?", re.IGNORECASE | re.DOTALL
)

FREE_MAIL_DOMAINS = frozenset(
    "126.com 163.com aim.com alice.it aliyun.com aol.com aol.de arcor.de att.net bellsouth.net "
    "bigpond.com bk.ru bluewin.ch bol.com.br btinternet.com charter.net comcast.net cox.net "
    "daum.net earthlink.net email.com email.de fastmail.com fastmail.fm foxmail.com free.fr "
    "freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hanmail.net "
    "hey.com hotmail.be hotmail.ca hotmail.co.uk hotmail.com hotmail.com.br hotmail.de hotmail.es "
    "hotmail.fr hotmail.it hotmail.nl hushmail.com icloud.com ig.com.br inbox.com inbox.ru kpnmail.nl "
    "laposte.net libero.it list.ru live.be live.ca live.co.uk live.com live.de live.fr live.it live.nl "
    "mac.com mail.com mail.de mail.ru mailbox.org me.com msn.com naver.com neuf.fr o2.pl onet.pl "
    "online.de optonline.net orange.fr outlook.com outlook.com.br outlook.de outlook.es outlook.fr "
    "outlook.it pm.me posteo.de proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com "
    "rocketmail.com rogers.com sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.cn sina.com sky.com "
    "sohu.com t-online.de telenet.be terra.com.br tiscali.it tuta.com tuta.io tutanota.com uol.com.br "
    "verizon.net virgilio.it virginmedia.com wanadoo.fr web.de wp.pl xtra.co.nz ya.ru yahoo.ca yahoo.co.in "
    "yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.au yahoo.com.br yahoo.com.mx yahoo.de yahoo.es yahoo.fr "
    "yahoo.it yandex.com yandex.ru yeah.net ymail.com zoho.com zohomail.com".split()
)
"""Domains under which anyone gets a mailbox: who writes from there belongs to no company by it."""


def account_name(text: str) -> str:
    """The name under which this account is known: a web address becomes its bare domain."""
    match = _WEB_ADDRESS.fullmatch(text)
    return _bare_domain(match[1]) if match else text


def is_free_mail(account: str) -> bool:
    """Tell whether the account is the domain of a free-mail provider."""
    return account in FREE_MAIL_DOMAINS


def _bare_domain(host: str) -> str:
    domain = host.lower()
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        pass  # a name that IDNA cannot write stays as it is, in lower case
    while domain.startswith("www.") and "." in domain.removeprefix("www."):
        domain = domain.removeprefix("www.")
    return domain
