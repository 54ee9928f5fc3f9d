"""The chain and its flow of value, drawn (a new picture or plot is a file here, put on the page by page.write).

plot        plot: a picture for notebooks and files
flows       what flows from whom to whom
layout      where everything stands
network, value   the two views; picture: the SVG that both share
"""
