package content

// platforms are the registrable domains of marketplaces, social networks, encyclopedias, search engines and review
// sites. They are found for nearly every search and compete with no customer. The list is a choice, not a measurement.
var platforms = wordSet(`
	amazon.com amazon.de amazon.co.uk amazon.fr amazon.it amazon.es amazon.co.jp amazon.in amazon.ca ebay.com ebay.de
	ebay.co.uk etsy.com aliexpress.com alibaba.com walmart.com target.com bestbuy.com rakuten.co.jp mercadolibre.com
	otto.de zalando.de flipkart.com temu.com shein.com
	facebook.com instagram.com twitter.com x.com linkedin.com youtube.com tiktok.com pinterest.com reddit.com quora.com
	medium.com substack.com tumblr.com snapchat.com threads.net discord.com telegram.org whatsapp.com vk.com xing.com
	weibo.com stackoverflow.com stackexchange.com github.com gitlab.com slideshare.net vimeo.com twitch.tv
	wikipedia.org wikihow.com britannica.com investopedia.com fandom.com
	google.com google.de google.co.uk bing.com yahoo.com baidu.com yandex.ru duckduckgo.com apple.com microsoft.com
	openai.com chatgpt.com perplexity.ai
	g2.com capterra.com getapp.com softwareadvice.com trustpilot.com trustradius.com producthunt.com yelp.com
	glassdoor.com indeed.com crunchbase.com tripadvisor.com gartner.com forrester.com
	forbes.com nytimes.com cnn.com bbc.co.uk bbc.com theguardian.com techcrunch.com businessinsider.com
	wordpress.com blogspot.com wix.com squarespace.com weebly.com`)

// IsPlatform reports whether a domain belongs to a marketplace, a social network or another site that competes with no
// customer.
func IsPlatform(domain string) bool { return platforms[Registrable("https://"+domain)] }
