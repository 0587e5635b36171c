import { publishedSite } from './published-site.ts'

/** Publishes small images to the site below a folder, one after another, some of them again, until it is ended. */
const [, , folder = ''] = process.argv
const site = await publishedSite(folder, true)
process.on('SIGTERM', () => process.exit(0))
for (let number = 0; ; number++) await site.publish({ 'etc/x': `number ${number % 7}`, [`etc/${number % 5}`]: 'y' })
