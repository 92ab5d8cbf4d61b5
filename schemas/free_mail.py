"""Domains under which anyone gets a mailbox: an address there tells of no company."""

_DOMAINS = """
10minutemail.com 126.com 139.com 163.com 189.cn 21cn.com a1.net abv.bg aim.com alice.it
aliceadsl.fr aliyun.com aol.com aol.de aon.at arcor.de att.net azet.sk bbox.fr bellsouth.net
bigpond.com bigpond.net.au bk.ru bluewin.ch blueyonder.co.uk bol.com.br bredband.net
btinternet.com centrum.cz chello.at citromail.hu club-internet.fr comcast.net daum.net
docomo.ne.jp duck.com earthlink.net email.com email.de email.it ezweb.ne.jp fastmail.com
fastmail.fm foxmail.com free.fr freemail.hu freenet.de gazeta.pl gmail.com gmx.at gmx.ch gmx.com
gmx.de gmx.eu gmx.fr gmx.info gmx.net gmx.us googlemail.com guerrillamail.com hanmail.net
hetnet.nl hey.com home.nl hotmail.be hotmail.ca hotmail.co.jp hotmail.co.uk hotmail.com
hotmail.com.br hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl hotmail.se hushmail.com i.ua
icloud.com ig.com.br iinet.net.au inbox.com inbox.ru interia.pl inwind.it juno.com kabelmail.de
kpnmail.nl laposte.net libero.it list.ru live.be live.ca live.cn live.co.uk live.com live.com.au
live.com.mx live.de live.dk live.fr live.it live.nl live.no live.se luukku.com mac.com mail.com
mail.de mail.dk mail.ru mailbox.org mailinator.com me.com msn.com mynet.com nate.com naver.com
netscape.net neuf.fr ntlworld.com numericable.fr o2.pl onet.pl online.de online.no op.pl
optonline.net optusnet.com.au orange.fr outlook.co.nz outlook.com outlook.com.br outlook.de
outlook.es outlook.fr outlook.it planet.nl pm.me posteo.de proton.me protonmail.ch protonmail.com
proximus.be qq.com rambler.ru rediffmail.com rocketmail.com sapo.pt sbcglobal.net seznam.cz sfr.fr
shaw.ca sina.cn sina.com skynet.be softbank.ne.jp sohu.com sympatico.ca t-online.de talktalk.net
telefonica.net telenet.be telus.net terra.com.br terra.es tin.it tiscali.co.uk tiscali.it tuta.com
tuta.io tutanota.com ukr.net unitybox.de uol.com.br verizon.net videotron.ca vip.163.com
vip.qq.com virgilio.it virginmedia.com vodafone.de walla.co.il walla.com wanadoo.fr web.de
windowslive.com wp.pl xs4all.nl xtra.co.nz ya.ru yahoo.ca yahoo.co.id yahoo.co.in yahoo.co.jp
yahoo.co.uk yahoo.com yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.mx yahoo.com.sg yahoo.de
yahoo.es yahoo.fr yahoo.gr yahoo.ie yahoo.it yahoo.se yandex.by yandex.com yandex.kz yandex.ru
yeah.net ymail.com yopmail.com ziggo.nl zohomail.com
"""
# Left out: providers whose own people write from the same domain; they may be an account.

FREE_MAIL_DOMAINS = frozenset(_DOMAINS.split())
